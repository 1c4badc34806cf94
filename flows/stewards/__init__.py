"""What people decide about records: decisions and their evidence, parting, expunging, and the review desk."""
