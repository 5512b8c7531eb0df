"""The actors: in each file the decisions above, the agent below."""
