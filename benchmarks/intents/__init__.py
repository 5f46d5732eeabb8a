"""The understanding layer's data, training and measurement. Nothing here is imported at run time."""
