WITH crimes AS ( -- a report of child exploitation is kept as a crime and is none: it has a measure of its own
    SELECT * FROM happened WHERE event_type = 'crime' AND is_exploitation_report IS NOT TRUE
), cases AS (
    SELECT 'child_victims' AS measure, person_id AS one, * FROM crimes WHERE role = 'victim' AND is_of_child
    UNION ALL
    SELECT 'crimes_against_children', coalesce(event_ref, event_id), * FROM crimes WHERE role = 'victim' AND is_of_child
    UNION ALL
    SELECT 'child_suspects', person_id, * FROM crimes WHERE role IN ('suspect', 'accused') AND is_of_child
    UNION ALL
    SELECT 'missing_episodes', event_id, * FROM happened WHERE event_type = 'missing_episode' AND is_of_child
    UNION ALL
    SELECT 'missing_children', person_id, * FROM happened WHERE event_type = 'missing_episode' AND is_of_child
    UNION ALL
    SELECT 'absences', event_id, * FROM happened WHERE event_type = 'absence' AND is_of_child
    UNION ALL
    SELECT 'exploitation_reports', event_id, * FROM happened WHERE is_exploitation_report AND role = 'victim' AND is_of_child
    UNION ALL
    SELECT 'exploitation_concerns', event_id, * FROM happened WHERE event_type = 'exploitation_concern' AND is_of_child
    UNION ALL
    SELECT 'child_detentions', event_id, * FROM happened WHERE event_type = 'custody' AND is_of_child
    UNION ALL
    SELECT 'referrals', event_id, * FROM happened WHERE event_type = 'referral' AND is_of_child
), counted AS (
    SELECT CAST(date_trunc('month', day) AS DATE) AS month, coalesce(borough, 'not known') AS borough, measure, count(DISTINCT one) AS n,
           round(avg(cluster_confidence), 4) AS link_confidence
    FROM cases
    WHERE day IS NOT NULL
    GROUP BY ALL
)
SELECT month, borough, bcu, measure, CASE WHEN n >= suppress_under THEN n END AS n, n < suppress_under AS is_suppressed,
       CASE WHEN n >= suppress_under THEN round(1000 * n / residents, 4) END AS rate_per_1000, link_confidence
FROM counted LEFT JOIN boroughs USING (borough), setting
