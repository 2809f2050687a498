/* Loops over tiles of points on the host's vector units.
 *
 * The printed physics before this file defines
 *   TG_DIMENSIONS, TG_INPUTS, TG_OUTPUTS: numbers of dimensions, of inputs and of outputs of the traced function,
 *   tg_point(c, t, in, out, i): the function itself at point i; `c` its constants, `t` its tables; it returns output j
 *   by out.put(j, i, value).
 * Output 0 is the density dsigma/dx in cm^2.
 */
enum { TG_CHUNK = 128 };

struct tg_rows {
    double (*rows)[TG_CHUNK];
    TG_INLINE_MEMBER void put(int j, int i, double value) const { rows[j][i] = value; }
};

struct tg_chunk {
    double in[TG_INPUTS][TG_CHUNK];
    double inverse[TG_CHUNK];
    double out[TG_OUTPUTS][TG_CHUNK];
    int32_t increment[TG_DIMENSIONS][TG_CHUNK];
    int64_t cell[TG_CHUNK];
};

/* Places the points of a chunk whose cells and uniform numbers are given. */
static void tg_place_chunk(const struct tg_density *d, struct tg_chunk *__restrict k, const double (*__restrict u)[TG_CHUNK]) {
    double rest[TG_CHUNK];
    for (int i = 0; i < TG_CHUNK; ++i) {
        rest[i] = (double)k->cell[i];
        k->inverse[i] = d->inverse_cell[k->cell[i]];
    }
    const double increments = (double)d->increments;
    for (int dim = TG_DIMENSIONS - 1; dim >= 0; --dim) {
        const double *grid = d->grid + dim * (d->increments + 1), *steps = d->steps + dim * d->increments;
        const double strata = d->strata[dim], inverse_strata = d->inverse_strata[dim], scale = d->scale[dim];
        TG_SIMD
        for (int i = 0; i < TG_CHUNK; ++i) {
            const double along = tg_along(rest + i, strata, inverse_strata);
            double factor;
            k->in[dim][i] = tg_place(grid, steps, along, scale, increments, u[dim][i], &factor, &k->increment[dim][i]);
            k->inverse[i] = k->inverse[i] * factor;
        }
    }
}

/* Evaluates at least the first `count` points of a chunk. */
static void tg_evaluate_chunk(const double *__restrict c, const double *const *__restrict t, struct tg_chunk *__restrict k,
                              int count) {
    const struct tg_rows out = {k->out};
    const int whole = (count + 15) / 16 * 16;
    TG_SIMD
    for (int i = 0; i < whole; ++i) {
        tg_point(c, t, k->in, out, i);
    }
}

static void tg_draw_chunk(uint64_t seed, uint64_t stream, int64_t first, double (*__restrict u)[TG_CHUNK]) {
    for (int block = 0; block < TG_POINT_WORDS / 4; ++block) {
        double(*rows)[TG_CHUNK] = u + 4 * block;
        TG_SIMD
        for (int i = 0; i < TG_CHUNK; ++i) {
            uint64_t bits[4];
            tg_philox((uint64_t)(first + i) * (TG_POINT_WORDS / 4) + (uint64_t)block, seed, stream, bits);
            rows[0][i] = tg_uniform(bits[0]);
            rows[1][i] = tg_uniform(bits[1]);
            rows[2][i] = tg_uniform(bits[2]);
            rows[3][i] = tg_uniform(bits[3]);
        }
    }
}

/* Sum of a tile by halves: the same tree on every engine. Overwrites its argument. */
static double tg_tree_sum(double *values, int n) {
    for (int half = n / 2; half > 0; half /= 2) {
        for (int i = 0; i < half; ++i) {
            values[i] = values[i] + values[i + half];
        }
    }
    return values[0];
}

extern "C" {

/* Stratified sums of whole tiles: weights, and squared differences of neighbouring pairs. */
void tg_integrate(const double *c, const double *const *t, const struct tg_density *d, uint64_t seed, uint64_t stream,
                  int64_t first_tile, int64_t tiles, int64_t total, double *sums, double *pairs) {
    static thread_local struct tg_chunk k;
    static thread_local double u[TG_POINT_WORDS][TG_CHUNK], weight[TG_TILE], square[TG_TILE / 2];
    for (int64_t tile = 0; tile < tiles; ++tile) {
        const int64_t begin = (first_tile + tile) * TG_TILE;
        int64_t cell = 0;
        for (int start = 0; start < TG_TILE; start += TG_CHUNK) {
            tg_draw_chunk(seed, stream, begin + start, u);
            for (int i = 0; i < TG_CHUNK; ++i) {
                const double position = ((double)(begin + start + i) + u[TG_TABLE_WORD][i]) / (double)total;
                if (start + i == 0) {
                    cell = tg_find_cell(d->cumulative, d->cells, position);
                }
                while (cell < d->cells - 1 && d->cumulative[cell] <= position) {
                    ++cell;
                }
                k.cell[i] = cell;
            }
            tg_place_chunk(d, &k, u);
            tg_evaluate_chunk(c, t, &k, TG_CHUNK);
            for (int i = 0; i < TG_CHUNK; ++i) {
                weight[start + i] = k.out[0][i] * k.inverse[i];
            }
        }
        for (int i = 0; i < TG_TILE / 2; ++i) {
            const double difference = weight[2 * i] - weight[2 * i + 1];
            square[i] = difference * difference;
        }
        sums[tile] = tg_tree_sum(weight, TG_TILE);
        pairs[tile] = tg_tree_sum(square, TG_TILE / 2);
    }
}

/* Training histograms over whole tiles, uniform in the unit cube of the map: sums of weights, and integer histograms of
 * min((weight/scale)^p, 2^16) 2^20 with p = 2 per increment and p = 4 per cell, whose sums are exact in any order. */
void tg_histograms(const double *c, const double *const *t, const struct tg_density *d, uint64_t seed, uint64_t stream,
                   int64_t first_tile, int64_t tiles, double inverse_scale, double *sums, int64_t *grid,
                   int64_t *grid_points, int64_t *cells, int64_t *cell_points) {
    static thread_local struct tg_chunk k;
    static thread_local double u[TG_POINT_WORDS][TG_CHUNK], weight[TG_TILE];
    for (int64_t tile = 0; tile < tiles; ++tile) {
        const int64_t begin = (first_tile + tile) * TG_TILE;
        for (int start = 0; start < TG_TILE; start += TG_CHUNK) {
            tg_draw_chunk(seed, stream, begin + start, u);
            for (int i = 0; i < TG_CHUNK; ++i) {
                const int64_t cell = (int64_t)(u[TG_TABLE_WORD][i] * (double)d->cells);
                k.cell[i] = TG_MIN(cell, d->cells - 1);
            }
            tg_place_chunk(d, &k, u);
            tg_evaluate_chunk(c, t, &k, TG_CHUNK);
            for (int i = 0; i < TG_CHUNK; ++i) {
                const double w = k.out[0][i] * k.inverse[i];
                const double relative = w * inverse_scale, square = relative * relative, fourth = square * square;
                const int64_t p2 = (int64_t)TG_RINT(TG_MIN(square, 65536.0) * 1048576.0);
                weight[start + i] = w;
                for (int dim = 0; dim < TG_DIMENSIONS; ++dim) {
                    const int64_t at = dim * d->increments + k.increment[dim][i];
                    grid[at] += p2;
                    grid_points[at] += 1;
                }
                cells[k.cell[i]] += (int64_t)TG_RINT(TG_MIN(fourth, 65536.0) * 1048576.0);
                cell_points[k.cell[i]] += 1;
            }
        }
        sums[tile] = tg_tree_sum(weight, TG_TILE);
    }
}

/* Outputs of `count` points which[0], which[1], ... of a block whose cells and uniform numbers are given.
 *
 * Point p has cell[p], and its random numbers are in column p of `u`, whose rows of `stride` numbers are the words of an
 * event. Output j of point p is written to out[j][row[p] * steps[j]] as a double, or as an int32 where is_int[j]; the
 * first `weighted` outputs are multiplied by the inverse density over `share`. */
void tg_points(const double *c, const double *const *t, const struct tg_density *d, int64_t count, const int32_t *which,
               const int64_t *row, const int64_t *cell, const double *u, int64_t stride, double share, int64_t weighted,
               void *const *out, const int64_t *steps, const int64_t *is_int) {
    static thread_local struct tg_chunk k;
    static thread_local double drawn[TG_DIMENSIONS][TG_CHUNK];
    for (int64_t start = 0; start < count; start += TG_CHUNK) {
        const int n = (int)TG_MIN((int64_t)TG_CHUNK, count - start);
        int64_t rows[TG_CHUNK];
        int32_t at[TG_CHUNK];
        for (int i = 0; i < TG_CHUNK; ++i) {
            at[i] = which[start + TG_MIN(i, n - 1)]; /* the last chunk is padded with its last point */
            k.cell[i] = cell[at[i]];
            rows[i] = row[at[i]];
        }
        for (int input = 0; input < TG_INPUTS; ++input) {
            const int word = input < TG_DIMENSIONS ? input : input + TG_WORDS_BETWEEN;
            double *into = input < TG_DIMENSIONS ? drawn[input] : k.in[input];
            for (int i = 0; i < TG_CHUNK; ++i) {
                into[i] = u[word * stride + at[i]];
            }
        }
        tg_place_chunk(d, &k, drawn);
        tg_evaluate_chunk(c, t, &k, n);
        for (int i = 0; i < n; ++i) {
            k.inverse[i] = k.inverse[i] / share;
        }
        for (int j = 0; j < TG_OUTPUTS; ++j) {
            if (j < weighted) {
                for (int i = 0; i < n; ++i) {
                    k.out[j][i] = k.out[j][i] * k.inverse[i];
                }
            }
            if (is_int[j]) {
                for (int i = 0; i < n; ++i) {
                    ((int32_t *)out[j])[rows[i] * steps[j]] = (int32_t)k.out[j][i];
                }
            } else {
                for (int i = 0; i < n; ++i) {
                    ((double *)out[j])[rows[i] * steps[j]] = k.out[j][i];
                }
            }
        }
    }
}
}
