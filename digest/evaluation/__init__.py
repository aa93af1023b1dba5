"""How good a ranker is: libraries of real readers -> figures with intervals, beside the peers'."""
