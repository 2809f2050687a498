/* Kernels for the GPU: one thread per point, one block per tile.
 *
 * The loops are written with TG_BLOCKS and TG_THREADS, which stride over the grid and the block on the device. Without
 * __CUDACC__ they are plain loops and the source compiles for the host: tests without a GPU use that build.
 */
#if defined(__CUDACC__)
/* Without launch bounds of one block, the assembler spills a few registers of a small kernel to fit one more block on a
 * multiprocessor; with them, it would unroll a large kernel into more registers than are available. */
#if TG_OPERATIONS < 1000
#define TG_KERNEL extern "C" __global__ void __launch_bounds__(256, 1)
#else
#define TG_KERNEL extern "C" __global__ void __launch_bounds__(256)
#endif
#define TG_BLOCKS(name, count) for (int64_t name = blockIdx.x; name < (count); name += gridDim.x)
#define TG_THREADS(name, count) for (int name = (int)threadIdx.x; name < (int)(count); name += (int)blockDim.x)
#define TG_ITEMS(name, count) \
    for (int64_t name = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; name < (count); name += (int64_t)gridDim.x * blockDim.x)
#define TG_SHARED __shared__
#define TG_BARRIER __syncthreads()
#define TG_ADD(target, value) atomicAdd((unsigned long long *)(target), (unsigned long long)(value))
#define TG_CONSTANT __constant__
#else
#define TG_KERNEL extern "C" void
#define TG_BLOCKS(name, count) for (int64_t name = 0; name < (count); ++name)
#define TG_THREADS(name, count) for (int name = 0; name < (int)(count); ++name)
#define TG_ITEMS(name, count) for (int64_t name = 0; name < (count); ++name)
#define TG_SHARED static thread_local
#define TG_BARRIER
#define TG_ADD(target, value) (*(target) += (value))
#define TG_CONSTANT
#endif

enum { TG_MAX_CONSTANTS = 512, TG_MAX_TABLES = 16 };

/* Set before a launch: constants of the printed function, addresses of its tables, and the proposal. */
extern "C" {
TG_CONSTANT double tg_constants[TG_MAX_CONSTANTS];
TG_CONSTANT const double *tg_tables[TG_MAX_TABLES];
TG_CONSTANT struct tg_density tg_proposal;
}

struct tg_placed {
    double in[TG_INPUTS][1];
    double inverse;
    int32_t increment[TG_DIMENSIONS];
};

TG_INLINE void tg_place_point(int64_t cell, const double *u, struct tg_placed *p) {
    double rest = (double)cell;
    const double increments = (double)tg_proposal.increments;
    p->inverse = tg_proposal.inverse_cell[cell];
    for (int dim = TG_DIMENSIONS - 1; dim >= 0; --dim) {
        const double along = tg_along(&rest, tg_proposal.strata[dim], tg_proposal.inverse_strata[dim]);
        double factor;
        p->in[dim][0] = tg_place(tg_proposal.grid + dim * (tg_proposal.increments + 1),
                                 tg_proposal.steps + dim * tg_proposal.increments, along, tg_proposal.scale[dim],
                                 increments, u[dim], &factor, &p->increment[dim]);
        p->inverse = p->inverse * factor;
    }
}

TG_INLINE void tg_draw_point(uint64_t seed, uint64_t stream, int64_t point, double u[TG_POINT_WORDS]) {
    for (int half = 0; half < TG_POINT_WORDS / 4; ++half) {
        uint64_t bits[4];
        tg_philox((uint64_t)point * (TG_POINT_WORDS / 4) + half, seed, stream, bits);
        for (int w = 0; w < 4; ++w) {
            u[4 * half + w] = tg_uniform(bits[w]);
        }
    }
}

/* Samples a point uniformly in the unit cube of the map and returns its cell. */
TG_INLINE int64_t tg_place_uniformly(uint64_t seed, uint64_t stream, int64_t point, struct tg_placed *p) {
    double u[TG_POINT_WORDS];
    tg_draw_point(seed, stream, point, u);
    const int64_t guess = (int64_t)(u[TG_TABLE_WORD] * (double)tg_proposal.cells);
    const int64_t cell = TG_MIN(guess, tg_proposal.cells - 1);
    tg_place_point(cell, u, p);
    return cell;
}

/* Takes output 0 and drops the others. */
struct tg_first {
    double *value;
    TG_INLINE_MEMBER void put(int j, int, double v) const {
        if (j == 0) {
            *value = v;
        }
    }
};

/* Writes the outputs of one event to their columns. */
struct tg_columns {
    void *const *out;
    const int64_t *steps, *is_int, *row;
    int64_t event, weighted;
    double inverse;
    TG_INLINE_MEMBER void put(int j, int, double v) const {
        const double value = j < weighted ? v * inverse : v;
        if (is_int[j]) {
            ((int32_t *)out[j])[row[event] * steps[j]] = (int32_t)value;
        } else {
            ((double *)out[j])[row[event] * steps[j]] = value;
        }
    }
};

TG_INLINE double tg_weigh(struct tg_placed *p) {
    double value;
    const struct tg_first out = {&value};
    tg_point(tg_constants, tg_tables, p->in, out, 0);
    return value * p->inverse;
}

/* Stratified sums of whole tiles: weights, and squared differences of neighbouring pairs. */
TG_KERNEL tg_integrate(uint64_t seed, uint64_t stream, int64_t first_tile, int64_t tiles, int64_t total, double *sums,
                       double *pairs) {
    TG_SHARED double weight[TG_TILE], square[TG_TILE / 2];
    TG_BLOCKS(tile, tiles) {
        TG_THREADS(i, TG_TILE) {
            const int64_t point = (first_tile + tile) * TG_TILE + i;
            double u[TG_POINT_WORDS];
            struct tg_placed placed;
            tg_draw_point(seed, stream, point, u);
            const double position = ((double)point + u[TG_TABLE_WORD]) / (double)total;
            tg_place_point(tg_find_cell(tg_proposal.cumulative, tg_proposal.cells, position), u, &placed);
            weight[i] = tg_weigh(&placed);
        }
        TG_BARRIER;
        TG_THREADS(i, TG_TILE / 2) {
            const double difference = weight[2 * i] - weight[2 * i + 1];
            square[i] = difference * difference;
        }
        TG_BARRIER;
        for (int half = TG_TILE / 2; half > 0; half /= 2) {
            TG_THREADS(i, half) {
                weight[i] = weight[i] + weight[i + half];
            }
            if (half < TG_TILE / 2) {
                TG_THREADS(i, half) {
                    square[i] = square[i] + square[i + half];
                }
            }
            TG_BARRIER;
        }
        TG_THREADS(i, 1) {
            sums[tile] = weight[0];
            pairs[tile] = square[0];
        }
        TG_BARRIER;
    }
}

/* Histograms for training, as in the host's kernel of this name.
 *
 * Points are drawn twice: once for their weights, and once for their increments and cells, which would otherwise take
 * registers from the integrand. */
TG_KERNEL tg_histograms(uint64_t seed, uint64_t stream, int64_t first_tile, int64_t tiles, double inverse_scale,
                        double *sums, int64_t *grid, int64_t *grid_points, int64_t *cells, int64_t *cell_points) {
    TG_SHARED double weight[TG_TILE];
    TG_BLOCKS(tile, tiles) {
        const int64_t begin = (first_tile + tile) * TG_TILE;
        TG_THREADS(i, TG_TILE) {
            struct tg_placed placed;
            tg_place_uniformly(seed, stream, begin + i, &placed);
            weight[i] = tg_weigh(&placed);
        }
        TG_BARRIER;
        TG_THREADS(i, TG_TILE) {
            struct tg_placed placed;
            const int64_t cell = tg_place_uniformly(seed, stream, begin + i, &placed);
            const double relative = weight[i] * inverse_scale, square = relative * relative, fourth = square * square;
            const int64_t p2 = (int64_t)TG_RINT(TG_MIN(square, 65536.0) * 1048576.0);
            for (int dim = 0; dim < TG_DIMENSIONS; ++dim) {
                const int64_t at = dim * tg_proposal.increments + placed.increment[dim];
                TG_ADD(grid + at, p2);
                TG_ADD(grid_points + at, 1);
            }
            TG_ADD(cells + cell, (int64_t)TG_RINT(TG_MIN(fourth, 65536.0) * 1048576.0));
            TG_ADD(cell_points + cell, 1);
        }
        TG_BARRIER;
        for (int half = TG_TILE / 2; half > 0; half /= 2) {
            TG_THREADS(i, half) {
                weight[i] = weight[i] + weight[i + half];
            }
            TG_BARRIER;
        }
        TG_THREADS(i, 1) {
            sums[tile] = weight[0];
        }
        TG_BARRIER;
    }
}

/* Uniform numbers of `count` events from `first` on, `words` (a multiple of 4) each: u[word * count + event].
 * Also the channel and cell of each, selected from the alias table over the cells of all channels, where the cells of
 * channel k begin at offsets[k]. */
TG_KERNEL tg_draw(uint64_t seed, uint64_t stream, int64_t first, int64_t count, int64_t words, int64_t table_word,
                  const double *keep, const int64_t *alias, const int64_t *offsets, int64_t channels, double *u,
                  int32_t *channel, int64_t *cell) {
    TG_ITEMS(i, count) {
        for (int64_t block = 0; block < words / 4; ++block) {
            uint64_t bits[4];
            tg_philox((uint64_t)(first + i) * (uint64_t)(words / 4) + (uint64_t)block, seed, stream, bits);
            for (int w = 0; w < 4; ++w) {
                u[(4 * block + w) * count + i] = tg_uniform(bits[w]);
            }
        }
        const int64_t slot = tg_pick(keep, alias, offsets[channels], u[table_word * count + i]);
        int64_t k = 0;
        while (k < channels - 1 && offsets[k + 1] <= slot) {
            ++k;
        }
        channel[i] = (int32_t)k;
        cell[i] = slot - offsets[k];
    }
}

/* Outputs of given points, as in the host's kernel of this name. */
TG_KERNEL tg_points(int64_t count, const int64_t *which, const int64_t *row, const int64_t *cell, const double *u,
                    int64_t stride, double share, int64_t weighted, void *const *out, const int64_t *steps,
                    const int64_t *is_int) {
    TG_ITEMS(i, count) {
        double drawn[TG_DIMENSIONS];
        struct tg_placed placed;
        const int64_t event = which[i];
        for (int dim = 0; dim < TG_DIMENSIONS; ++dim) {
            drawn[dim] = u[dim * stride + event];
        }
        tg_place_point(cell[event], drawn, &placed);
        for (int input = TG_DIMENSIONS; input < TG_INPUTS; ++input) {
            placed.in[input][0] = u[(input + TG_WORDS_BETWEEN) * stride + event];
        }
        const struct tg_columns columns = {out, steps, is_int, row, event, weighted, placed.inverse / share};
        tg_point(tg_constants, tg_tables, placed.in, columns, 0);
    }
}
