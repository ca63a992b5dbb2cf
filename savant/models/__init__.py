"""The nouns as tables: one module each. Import a model from its own module; `savant.models.all` has them all."""
