"""The stand-in for Polar held to the recordings of the real server, and to what was found out with it (OFFERS)."""
