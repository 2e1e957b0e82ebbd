"""Pictures of every kind, and the small model that tells them apart (`fit`)."""
