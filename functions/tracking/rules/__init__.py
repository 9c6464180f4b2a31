"""The visit's rules: `progress` (states, milestones), `presence` (place, check-ins), `sharing` (the coarse position).

All pure; nothing here knows the store, HTTP or a map library.
"""
