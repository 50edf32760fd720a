"""The program under load, measured from outside: `siteloop bench`."""
