// An engine on the CPU with the bundled model, and waiting for it with a running event loop.
#pragma once

#include "ui/viewmodels/workspace.h"

#include <QElapsedTimer>
#include <QSignalSpy>
#include <QTest>

namespace moa::test {

inline EngineOptions cpuOptions() {
    EngineOptions options;
    options.resources = std::string(MOA_SOURCE_DIR) + "/resources";
    options.device = "cpu";
    options.threads = 2;
    return options;
}

/// What the workspace complained of.
class Problems : public QObject {
public:
    explicit Problems(Workspace& workspace) {
        connect(&workspace, &Workspace::problem, this, [this](const Problem& problem) { all.append(problem); });
    }
    QList<Problem> all;
};

struct LoadedWorkspace {
    explicit LoadedWorkspace(const QString& model = QStringLiteral("moa-tiny")) : workspace(engine), problems(workspace) {
        workspace.chooseModel(model, true);
        ready = QTest::qWaitFor([this] { return workspace.isLoaded() && workspace.loading() == nullptr; }, 30000);
    }
    /// Captures a text and waits for its end.
    bool capture(const QString& text) {
        workspace.pastePrompt(text);
        return waitForCapture();
    }
    bool waitForCapture() {
        return QTest::qWaitFor([this] { return workspace.capturing() != nullptr || !problems.all.isEmpty(); }, 30000) &&
               QTest::qWaitFor([this] { return workspace.capturing() == nullptr; }, 60000) && problems.all.isEmpty();
    }
    Engine engine{cpuOptions()};
    Workspace workspace;
    Problems problems;
    bool ready = false;
};

} // namespace moa::test
