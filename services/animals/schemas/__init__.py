"""What the API takes and gives: animals, and the taxonomy behind them."""
