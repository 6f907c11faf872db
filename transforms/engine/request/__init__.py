"""The request: one parameter table, its parser, its canonical form, its price and its format."""
