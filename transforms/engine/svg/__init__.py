"""SVG: the sanitiser, which writes a document anew from an allow list, its size, and the drawing of what it wrote.

vocabulary ← styles ← references ← sizes ← sanitiser ← cascade ← drawing
"""
