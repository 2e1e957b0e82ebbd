"""Training data that people have: read, checked, mixed, filtered, and made with experts or a chat server."""
