WITH gone AS ( -- of calls about an absence the last of a day, and none of which a report tells, too
    SELECT * FROM happened WHERE event_type = 'missing_episode'
    UNION ALL
    SELECT * FROM happened c
    WHERE event_type = 'absence'
      AND NOT EXISTS (FROM happened m
                      WHERE m.event_type = 'missing_episode' AND m.person_id = c.person_id AND c.day >= m.day AND c.started_at < told_until(m.day, m.ended_at))
    QUALIFY row_number() OVER (PARTITION BY person_id, day ORDER BY started_at DESC, event_id DESC) = 1
), episodes AS ( -- those of the year, and the latest of who is missing since before by a report, and still a child
    SELECT *, day > as_of - 365 AS is_of_year,
           count(*) FILTER (is_of_year) OVER (PARTITION BY person_id ORDER BY day
               RANGE BETWEEN to_days(CAST((SELECT repeat_missing_days FROM setting) AS INTEGER) - 1) PRECEDING AND CURRENT ROW) AS in_window
    FROM gone, night
    WHERE is_of_child AND day <= as_of
    QUALIFY is_of_year OR (event_type = 'missing_episode' AND ended_at IS NULL AND may_be_child(date_of_birth, born_by, as_of)
                           AND row_number() OVER (PARTITION BY person_id ORDER BY started_at DESC, event_id DESC) = 1)
), missing AS (
    SELECT person_id, any_value(date_of_birth) AS date_of_birth, any_value(n_open_questions) AS n_open_questions,
           any_value(cluster_confidence) AS link_confidence,
           count(*) FILTER (day > as_of - 90) AS episodes_90_days, count(*) FILTER (is_of_year) AS episodes_365_days, max(in_window) AS most_in_window,
           arg_max(ended_at IS NULL, (started_at, event_id)) AS is_missing_now, max(started_at) AS last_missing_at,
           list_sort(list(DISTINCT borough) FILTER (borough IS NOT NULL)) AS missing_in, arg_max(risk, risk_rank(risk)) AS highest_risk,
           count(*) FILTER (event_type = 'absence' OR risk = 'none') AS absences, coalesce(bool_or(is_yes(attributes['cse'])), false) AS is_cse_in_episode,
           bool_or(is_yes(attributes['looked_after'])) AS looked_after,
           list_sort(list(DISTINCT attributes['placing_authority']) FILTER (attributes['placing_authority'] IS NOT NULL)) AS placing_authorities,
           count(*) FILTER (is_yes(attributes['debrief'])) AS return_interviews,
           count(*) FILTER (event_type = 'missing_episode' AND ended_at IS NOT NULL AND is_yes(attributes['debrief']) IS NOT TRUE) AS returns_without_interview,
           list(event_id) AS episode_ids
    FROM episodes
    GROUP BY person_id
), concerns AS (
    SELECT person_id, arg_max(risk, risk_rank(risk)) AS cse_risk,
           list_sort(list(DISTINCT borough) FILTER (borough IS NOT NULL)) AS cse_in, list(event_id) AS concern_ids
    FROM happened
    WHERE event_type = 'exploitation_concern' OR is_exploitation_notice OR (is_exploitation_report AND role = 'victim')
    GROUP BY person_id
)
SELECT person_id, age_on(date_of_birth, as_of) AS age, episodes_90_days, episodes_365_days, most_in_window,
       most_in_window >= repeat_missing_episodes AS is_repeat_missing, is_missing_now, last_missing_at, coalesce(missing_in, []) AS missing_in,
       highest_risk, absences, is_cse_in_episode, cse_risk, coalesce(cse_in, []) AS cse_in,
       CASE WHEN len(cse_in) > 0 THEN list_has_all(cse_in, missing_in) END AS is_cse_known_where_missing,
       looked_after, coalesce(placing_authorities, []) AS placing_authorities, return_interviews, returns_without_interview, n_open_questions,
       list_sort(list_concat(episode_ids, coalesce(concern_ids, []))) AS event_ids, link_confidence
FROM missing LEFT JOIN concerns USING (person_id), night, setting
