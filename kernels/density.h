/* The density points are drawn from: a grid per dimension, in the layout of vegas.AdaptiveMap, under a grid of cells. */
struct tg_density {
    const double *grid;          /* [dimensions][increments + 1] */
    const double *steps;         /* [dimensions][increments], differences of the grid */
    const double *inverse_cell;  /* [cells], volume of a cell over its probability */
    const double *cumulative;    /* [cells], upper end of each cell's share of (0, 1) */
    int64_t dimensions, increments, cells;
    int64_t strata[TG_MAX_DIMENSIONS];
};

/* One dimension of a point: its place `x`, the factor its increment adds to the inverse density, and the increment. */
TG_INLINE double tg_place(const double *grid, const double *steps, double along, double strata, double increments,
                          double u, double *factor, int32_t *increment) {
    const double scaled = (along + u) / strata * increments;
    const int32_t last = (int32_t)increments - 1, guess = (int32_t)scaled;
    const int32_t step = guess < last ? guess : last;
    const double width = steps[step];
    *factor = width * increments;
    *increment = step;
    return grid[step] + width * (scaled - (double)step);
}

/* Index of the first cell whose share ends above `position`; the last cell at most. */
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
