"""What puts events right when something was lost: republish, snapshot, dead letters, the checker, a rebuild."""
