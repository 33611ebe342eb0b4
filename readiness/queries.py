"""Named reads that pages, API and jobs share."""
