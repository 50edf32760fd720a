"""Minutes, quarter hours, hours and days: summed up as rows pass, repaired when late ones come."""
