create type vibe.kmeans_model as (
    k integer,
    features integer,
    clusters integer,
    centroids float8[],
    sizes bigint[],
    weights float8[],
    inertia float8,
    iterations integer,
    converged boolean,
    normalise text,
    shift float8[],
    scale float8[],
    tolerance float8,
    max_iterations integer,
    start text,
    seed bigint,
    restarts integer,
    weighted boolean,
    rows bigint,
    rows_left_out bigint
);
comment on type vibe.kmeans_model is
'what aggregate vibe.kmeans found; vibe.kmeans_assign gives rows to its clusters, which are numbered from 1 in ascending order of their centroids';
comment on column vibe.kmeans_model.k is 'clusters asked for';
comment on column vibe.kmeans_model.features is 'features of a row, without the weight';
comment on column vibe.kmeans_model.clusters is 'clusters found; fewer than k only if there are fewer different rows';
comment on column vibe.kmeans_model.centroids is 'a row for each cluster, in the features'' own units; with normalise log1p_zscore the geometric mean of 1 + x, less 1';
comment on column vibe.kmeans_model.sizes is 'rows of each cluster; 0 only where max_iterations ended the search';
comment on column vibe.kmeans_model.weights is 'weight of each cluster''s rows; without weights equal to sizes';
comment on column vibe.kmeans_model.inertia is 'sum of weight times squared distance of each row to its centroid, in normalised units';
comment on column vibe.kmeans_model.iterations is 'rounds of the best run';
comment on column vibe.kmeans_model.converged is 'false if max_iterations ended the search';
comment on column vibe.kmeans_model.normalise is 'none, zscore (x - mean) / sd of the population, minmax (x - min) / (max - min), log1p_zscore (ln(1 + x) first)';
comment on column vibe.kmeans_model.shift is 'for each feature what is subtracted (after the logarithm)';
comment on column vibe.kmeans_model.scale is 'for each feature what it is then multiplied by; 0 for one that was constant, which then counts for nothing';
comment on column vibe.kmeans_model.tolerance is 'the search ends when the squared moves of all centroids in a round add up to no more than this times the mean variance of the features';
comment on column vibe.kmeans_model.max_iterations is 'the most rounds a run may take';
comment on column vibe.kmeans_model.start is 'k-means++ or given';
comment on column vibe.kmeans_model.seed is 'of k-means++; null if starts were given';
comment on column vibe.kmeans_model.restarts is 'runs from different seeds, of which the one of least inertia is kept';
comment on column vibe.kmeans_model.weighted is 'was the last argument the row''s weight?';
comment on column vibe.kmeans_model.rows is 'rows that counted';
comment on column vibe.kmeans_model.rows_left_out is 'rows with a feature that is null, NaN or infinite, or with a weight of null or 0';
