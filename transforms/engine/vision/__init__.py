"""Looking at pictures: faces, subjects, attention, and the networks behind them."""
