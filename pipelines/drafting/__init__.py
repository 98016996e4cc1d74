"""Drafting the module of a new data set from a file: guess what the cells tell, and write what a person would."""
