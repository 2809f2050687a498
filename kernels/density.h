/* The importance-sampling density of a channel: a VEGAS map (one grid per dimension, in the layout of
 * vegas.AdaptiveMap) and stratification hypercubes (cells). */
struct tg_density {
    const double *grid;          /* [dimensions][increments + 1] */
    const double *steps;         /* [dimensions][increments], differences of the grid */
    const double *inverse_cell;  /* [cells], volume of a cell over its probability */
    const double *cumulative;    /* [cells], cumulative probability up to and including each cell */
    int64_t dimensions, increments, cells;
    double strata[TG_MAX_DIMENSIONS], inverse_strata[TG_MAX_DIMENSIONS];
    double scale[TG_MAX_DIMENSIONS]; /* increments / strata */
};

/* The digit of a cell number that is the stratum along one dimension; `rest` becomes the preceding digits.
 * Adding one half makes the floor exact: the quotient is further from an integer than its rounding errors. */
TG_INLINE double tg_along(double *rest, double strata, double inverse_strata) {
    const double next = TG_FLOOR((*rest + 0.5) * inverse_strata), along = *rest - next * strata;
    *rest = next;
    return along;
}

/* One coordinate of a point, the factor of its increment in the inverse density, and the increment.
 * `scale` is increments / strata. */
TG_INLINE double tg_place(const double *grid, const double *steps, double along, double scale, double increments,
                          double u, double *factor, int32_t *increment) {
    const double scaled = (along + u) * scale;
    const int32_t last = (int32_t)increments - 1, guess = (int32_t)scaled;
    const int32_t step = guess < last ? guess : last;
    const double width = steps[step];
    *factor = width * increments;
    *increment = step;
    return grid[step] + width * (scaled - (double)step);
}

/* Index of the first cell whose cumulative probability exceeds `position`; the last cell at most. */
TG_INLINE int64_t tg_find_cell(const double *cumulative, int64_t cells, double position) {
    int64_t low = 0, high = cells - 1;
    while (low < high) {
        const int64_t middle = (low + high) / 2;
        if (cumulative[middle] > position) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

/* Index of the cell, among those of all channels, that a uniform number selects by Walker's alias table. */
TG_INLINE int64_t tg_pick(const double *keep, const int64_t *alias, int64_t cells, double u) {
    const double scaled = u * (double)cells;
    const int64_t guess = (int64_t)scaled, slot = TG_MIN(guess, cells - 1);
    return scaled - (double)slot < keep[slot] ? slot : alias[slot];
}
