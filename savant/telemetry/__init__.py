"""What a server tells of itself: logs, measures, traces. A laptop loads none of the libraries behind them."""
