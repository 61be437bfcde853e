// Runs the float backward kernel on a RandomHead, with exact outputs around it guarded.
#pragma once

#include "tests/kernels/kernel_fixture.h"

#include <memory>

namespace moa::kernels::test {

/// Outputs of one backward pass: dQ [n][dim], dK and dV [n][paddedDim].
struct BackwardRun {
    Guarded<float> out, lse, dQ, dK, dV;

    /// In runs of `run` query rows.
    BackwardRun(const RandomHead& head, std::int64_t sink, std::int64_t window,
                const RuleCostSums* sums = nullptr, std::int64_t run = std::int64_t(1) << 40)
        : out(head.q.size()), lse(static_cast<std::size_t>(head.n)), dQ(head.q.size(), 99.0f),
          dK(static_cast<std::size_t>(head.n * paddedDim(head.dim))), dV(dK.size()) {
        head.forward(sink, window, out.data(), lse.data());
        Guarded<float> workspace(backwardWorkspaceFloats(head.dim, head.n));
        BackwardHeadParams p;
        p.q = head.q.data();
        p.qStride = head.dim;
        p.k = head.k.data();
        p.v = head.v.data();
        p.out = out.data();
        p.dOut = head.dO.data();
        p.outStride = head.dim;
        p.lse = lse.data();
        p.n = head.n;
        p.sink = sink;
        p.window = window;
        p.headDim = head.dim;
        p.scale = head.scale();
        p.dQ = dQ.data();
        p.dK = dK.data();
        p.dV = dV.data();
        p.sums = sums;
        p.workspace = workspace.data();
        for (p.firstRow = 0; p.firstRow < head.n; p.firstRow += run) {
            p.rowCount = std::min(run, head.n - p.firstRow);
            attentionBackwardHead(p);
        }
    }

    /// Rows of a padded gradient without the padding, which must stay 0.
    static Floats unpadded(const RandomHead& head, const Guarded<float>& gradient) {
        Floats rows;
        const int pad = paddedDim(head.dim);
        for (std::int64_t r = 0; r < head.n; ++r)
            for (int d = 0; d < pad; ++d) {
                const float value = gradient.values()[static_cast<std::size_t>(r * pad + d)];
                if (d < head.dim)
                    rows.push_back(value);
                else
                    EXPECT_EQ(value, 0.0f) << "padding";
            }
        return rows;
    }
};

} // namespace moa::kernels::test
