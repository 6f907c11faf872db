"""The pages of the site that belong to no app: home, docs, playground, prices, status, the policy."""
