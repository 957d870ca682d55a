"""The issue store and its command line; knows nothing of towns."""
