"""Devices that models run on: what they hold and how fast they are, from a table that ships, and one's own."""
