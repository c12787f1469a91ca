"""Was a model trained on our outputs? Tests with exact p-values, and the gates without which none is printed."""
