"""Gives every usage its place: kingdom to genus from its own columns, else from what stands above it (contract B11).

Some catalogues bring the ranks in columns, some by `parentID` alone. A synonym stands where its accepted name does.
"""

from typing import Final

RANKS: Final = {
    "kingdom": "kingdom",
    "phylum": "phylum",
    "class_name": "class",
    "order": "order",
    "family": "family",
    "subfamily": "subfamily",
    "genus": "genus",
}
"""Column → the rank whose taxa give it its value."""
PLACES: Final = ", ".join(f'"{column}"' for column in RANKS)
SYNONYMS: Final = "('synonym', 'ambiguous', 'misapplied')"
SOURCE_URL: Final = "https://www.catalogueoflife.org/data/taxon/"

USAGES: Final = f"""
CREATE TEMP TABLE coldp_usages (
    line bigint, key text, scientific_name text, parent_key text, status text, rank text, authorship text,
    {PLACES.replace(",", " text,")} text,
    generic_name text, specific_epithet text, infraspecific_epithet text,
    nomenclatural_code text, extinct boolean, environment text[]
) ON COMMIT DROP
"""
REPEATED: Final = """
SELECT key, max(line) AS line FROM coldp_usages GROUP BY key HAVING count(*) > 1 ORDER BY line LIMIT 1
"""

# Each usage says for itself what its columns say, and of its own rank its own name.
OWN: Final = ", ".join(
    f"""CASE WHEN "{column}" = '' AND rank = '{rank}' AND status NOT IN {SYNONYMS}
        THEN scientific_name ELSE "{column}" END AS "{column}\""""
    for column, rank in RANKS.items()
)
INHERITED: Final = ", ".join(
    f"""coalesce(nullif(usage."{column}", ''), above."{column}", '') AS "{column}\"""" for column in RANKS
)
# Walks down from the roots over what has something below it, a fifth of all names. What goes round in a circle is
# reached from no root, and so ends nothing.
PLACED: Final = f"""
CREATE TEMP TABLE coldp_placed ON COMMIT DROP AS
WITH RECURSIVE inner_nodes AS MATERIALIZED (
    SELECT key, parent_key, {OWN} FROM coldp_usages AS usage
    WHERE status NOT IN {SYNONYMS} AND key IN (SELECT parent_key FROM coldp_usages)
), above AS (
    SELECT key, {PLACES} FROM inner_nodes AS root
    WHERE NOT EXISTS (SELECT FROM inner_nodes WHERE inner_nodes.key = root.parent_key)
    UNION ALL
    SELECT usage.key, {INHERITED} FROM above JOIN inner_nodes AS usage ON usage.parent_key = above.key
)
SELECT * FROM above
"""
# A catalogue that names no kingdom at all is taken as it is.
STAGED: Final = f"""
INSERT INTO staged_taxa (
    key, parent_key, accepted_key, {PLACES},
    status, rank, scientific_name, authorship, generic_name, specific_epithet, infraspecific_epithet,
    extinct, environment, nomenclatural_code, source_url
)
SELECT key,
    CASE WHEN status IN {SYNONYMS} THEN '' ELSE parent_key END,
    CASE WHEN status IN {SYNONYMS} THEN parent_key ELSE '' END,
    {", ".join(f'left("{column}", 100)' for column in RANKS if column != "genus")},
    left(coalesce(nullif(genus, ''), generic_name), 100),
    status, rank, scientific_name, left(authorship, 200),
    left(generic_name, 100), left(specific_epithet, 100), left(infraspecific_epithet, 100),
    extinct, environment, nomenclatural_code, '{SOURCE_URL}' || key
FROM (
    SELECT usage.key, parent_key, {INHERITED}, status, rank, scientific_name, authorship,
        generic_name, specific_epithet, infraspecific_epithet, extinct, environment, nomenclatural_code
    FROM (
        SELECT key, parent_key, {OWN}, status, rank, scientific_name, authorship,
            generic_name, specific_epithet, infraspecific_epithet, extinct, environment, nomenclatural_code
        FROM coldp_usages
    ) AS usage LEFT JOIN coldp_placed AS above ON above.key = usage.parent_key
) AS placed
WHERE lower(kingdom) = ANY($1)
    OR NOT EXISTS (SELECT FROM coldp_usages WHERE kingdom <> '' OR rank = 'kingdom')
"""
