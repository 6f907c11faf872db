"""The pixel engine: standard library and imaging libraries only, and no word of HTTP.

request ← profiles ← containers ← svg ← metadata ← codecs ← vision ← steps ← operations
"""
