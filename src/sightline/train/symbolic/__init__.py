"""Episodes that the planner learns from, without pictures: exact states, real results, right replies."""
