"""What came of it all: the funnel from the rows we own. Reads only; figures of orders are Polar's as last seen."""
