"""The town: rigs, polecats, sessions, refinery, convoys."""
