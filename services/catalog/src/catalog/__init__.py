"""Plans, versions, prices, features, texts and documents."""
