"""How the data is reached. Import what you need from its module: `connect`, `work`, `migrate`, `journal`."""
