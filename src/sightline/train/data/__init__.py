"""Training data that people have: read, checked, mixed, filtered, and made with tools or a chat server."""
