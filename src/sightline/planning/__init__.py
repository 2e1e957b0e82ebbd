"""What the embedded planner reads and says: prompts, the grammar of replies and of SQL, references."""
