"""Linking: from standard records to clusters, links and questions; engines do the heavy work behind one port."""
