SELECT person_id, boroughs, len(boroughs) AS n_boroughs, sources, roles, first_seen_at, last_seen_at,
       date_of_birth > as_of - INTERVAL 18 YEAR AS is_under_18, n_records, n_open_questions, cluster_confidence AS link_confidence
FROM persons, night
WHERE len(boroughs) > 1
