"""A site's edge: listeners that go on without the centre, and the centre's desk that speaks with them."""
