"""Stand-ins for Discord and Segmind plus a web page, on loopback: no accounts, no money."""
