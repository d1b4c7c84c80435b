"""The versions of each unit, what each promises and needs, and whether one may go where others are."""
