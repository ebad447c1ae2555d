"""Stand-ins for Discord and Segmind plus a web page, on loopback, for trying and testing without accounts."""
