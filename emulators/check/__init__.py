"""Plays the vendor against somebody's receiver and judges it: what would have been lost, and the smallest payload that shows it."""
