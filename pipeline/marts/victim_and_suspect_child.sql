SELECT person_id, age_on(any_value(date_of_birth), any_value(as_of)) AS age, count(*) FILTER (role = 'victim') AS as_victim,
       count(*) FILTER (role <> 'victim') AS as_suspect, min(day) FILTER (role = 'victim') AS victim_since,
       min(day) FILTER (role <> 'victim') AS suspect_since, suspect_since - victim_since AS days_between,
       count(*) FILTER (is_exploitation_report AND role = 'victim') AS exploitation_reports,
       coalesce(list_sort(list(DISTINCT borough) FILTER (borough IS NOT NULL)), []) AS boroughs,
       any_value(n_open_questions) AS n_open_questions, list_sort(list(event_id)) AS event_ids, any_value(cluster_confidence) AS link_confidence
FROM happened, night
WHERE is_of_child AND role IN ('victim', 'suspect', 'accused', 'detainee')
GROUP BY person_id
HAVING as_victim > 0 AND as_suspect > 0
