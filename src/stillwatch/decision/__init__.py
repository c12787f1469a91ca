"""One decision core behind many doors: what happens to a request, why, for how long, and how it is undone."""
