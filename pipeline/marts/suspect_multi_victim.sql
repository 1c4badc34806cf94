WITH crimes AS (
    SELECT s.person_id, s.event_id, s.day, coalesce(v.borough, s.borough) AS borough, s.cluster_confidence, s.n_open_questions, v.person_id AS victim_id, v.is_of_child AS is_child,
           v.cluster_confidence AS victim_confidence
    FROM happened s
    JOIN happened v USING (source, event_ref)
    WHERE s.event_type = 'crime' AND s.role IN ('suspect', 'accused') AND v.event_type = 'crime' AND v.role = 'victim' AND v.person_id <> s.person_id
)
SELECT person_id, count(DISTINCT victim_id) FILTER (is_child) AS child_victims, count(DISTINCT victim_id) AS victims,
       coalesce(list_sort(list(DISTINCT borough) FILTER (is_child AND borough IS NOT NULL)), []) AS boroughs, len(boroughs) AS n_boroughs,
       min(day) FILTER (is_child) AS first_on, max(day) FILTER (is_child) AS last_on, last_on - first_on AS span_days,
       person_id IN (SELECT person_id FROM registrations) AS is_registered,
       list_sort(list(DISTINCT victim_id) FILTER (is_child)) AS child_victim_ids, any_value(n_open_questions) AS n_open_questions,
       list_sort(list(DISTINCT event_id) FILTER (is_child)) AS event_ids,
       least(any_value(cluster_confidence), min(victim_confidence) FILTER (is_child)) AS link_confidence
FROM crimes
GROUP BY person_id
HAVING child_victims > 1
