"""The experiment on a language model, with a model of random weights in the place of a real one."""
