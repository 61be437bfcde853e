// Rotary embedding, RMSNorm and SwiGLU in double precision.
#include "kernels/reference/reference_layers.h"

#include <cmath>
#include <numbers>

namespace moa::reference {

namespace {

double llama3Frequency(double frequency, const RopeSpec& spec) {
    const double wavelength = 2 * std::numbers::pi / frequency;
    if (wavelength > spec.originalContext / spec.lowFreqFactor) return frequency / spec.factor;
    if (wavelength < spec.originalContext / spec.highFreqFactor) return frequency;
    const double keep =
        (spec.originalContext / wavelength - spec.lowFreqFactor) / (spec.highFreqFactor - spec.lowFreqFactor);
    return (1 - keep) * frequency / spec.factor + keep * frequency;
}

/// `direction` +1 rotates forward, -1 back.
void rotate(double* x, std::int64_t n, std::int64_t d, const std::int64_t* positions,
            const std::vector<double>& frequencies, double direction) {
    const std::int64_t half = d / 2;
    for (std::int64_t r = 0; r < n; ++r) {
        for (std::int64_t c = 0; c < half; ++c) {
            const double angle = direction * double(positions[r]) * frequencies[c];
            double& first = x[r * d + c];
            double& second = x[r * d + c + half];
            const double a = first, b = second;
            first = a * std::cos(angle) - b * std::sin(angle);
            second = b * std::cos(angle) + a * std::sin(angle);
        }
    }
}

double inverseRms(const double* x, std::int64_t h, double eps) {
    double squares = 0;
    for (std::int64_t c = 0; c < h; ++c) squares += x[c] * x[c];
    return 1 / std::sqrt(squares / double(h) + eps);
}

double sigmoid(double z) {
    return 1 / (1 + std::exp(-z));
}

} // namespace

std::vector<double> ropeFrequencies(std::int64_t d, const RopeSpec& spec) {
    std::vector<double> frequencies(d / 2);
    for (std::int64_t c = 0; c < d / 2; ++c) {
        const double plain = std::pow(spec.theta, -2.0 * double(c) / double(d));
        switch (spec.kind) {
        case RopeScalingKind::None:
            frequencies[c] = plain;
            break;
        case RopeScalingKind::Linear:
            frequencies[c] = plain / spec.factor;
            break;
        case RopeScalingKind::Llama3:
            frequencies[c] = llama3Frequency(plain, spec);
            break;
        }
    }
    return frequencies;
}

void rope(double* x, std::int64_t n, std::int64_t d, const std::int64_t* positions,
          const std::vector<double>& frequencies) {
    rotate(x, n, d, positions, frequencies, 1);
}

void ropeBackward(double* dx, std::int64_t n, std::int64_t d, const std::int64_t* positions,
                  const std::vector<double>& frequencies) {
    rotate(dx, n, d, positions, frequencies, -1);
}

void rmsNorm(const double* x, const double* weight, std::int64_t n, std::int64_t h, double eps, double* y) {
    for (std::int64_t r = 0; r < n; ++r) {
        const double inverse = inverseRms(x + r * h, h, eps);
        for (std::int64_t c = 0; c < h; ++c) y[r * h + c] = weight[c] * x[r * h + c] * inverse;
    }
}

void rmsNormBackward(const double* x, const double* weight, const double* dy, std::int64_t n, std::int64_t h,
                     double eps, double* dx) {
    for (std::int64_t r = 0; r < n; ++r) {
        const double* row = x + r * h;
        const double inverse = inverseRms(row, h, eps);
        double projection = 0; // of the weighted gradient on x
        for (std::int64_t c = 0; c < h; ++c) projection += dy[r * h + c] * weight[c] * row[c];
        const double shrink = projection * inverse * inverse / double(h);
        for (std::int64_t c = 0; c < h; ++c) {
            dx[r * h + c] = inverse * (dy[r * h + c] * weight[c] - shrink * row[c]);
        }
    }
}

void swiglu(const double* gate, const double* up, std::int64_t count, double* y) {
    for (std::int64_t c = 0; c < count; ++c) y[c] = gate[c] * sigmoid(gate[c]) * up[c];
}

void swigluBackward(const double* gate, const double* up, const double* dy, std::int64_t count, double* dGate,
                    double* dUp) {
    for (std::int64_t c = 0; c < count; ++c) {
        const double s = sigmoid(gate[c]);
        dUp[c] = dy[c] * gate[c] * s;
        dGate[c] = dy[c] * up[c] * s * (1 + gate[c] * (1 - s));
    }
}

} // namespace moa::reference
