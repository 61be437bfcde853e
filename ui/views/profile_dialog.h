// Asks what to profile: calibration set, lengths, samples, and the file to write. Not modal to anything but its window.
#pragma once

#include "ui/jobs/calibration_service.h"

#include <QDialog>

#include <functional>
#include <map>

class QCheckBox;
class QLabel;
class QLineEdit;
class QPushButton;
class QSpinBox;
class QWidget;

namespace moa {

class ProfileDialog : public QDialog {
    Q_OBJECT
public:
    /// Starts from `wish`; lengths up to `context` tokens are offered.
    ProfileDialog(const ProfileWish& wish, int context, QWidget* parent = nullptr);

    /// As the fields say; see problem().
    ProfileWish wish() const;
    /// Why it cannot be begun; empty: it can.
    QString problem() const;

private:
    QWidget* dataRow(const QStringList& chosen);
    QWidget* lengthsGrid(const std::vector<int>& chosen, int context);
    QWidget* fileRow(const QString& file);
    void askForPrompts();
    void askForFile();
    void refresh();

    ProfileWish m_start;
    std::map<QString, QCheckBox*> m_tasks; ///< built-in ones
    QString m_prompts;                     ///< a JSONL file; empty: none
    QPushButton* m_promptsButton = nullptr;
    std::map<int, QCheckBox*> m_lengths;
    QSpinBox* m_samples = nullptr;
    QLineEdit* m_file = nullptr;
    QLabel* m_note = nullptr;
    QPushButton* m_begin = nullptr;
};

} // namespace moa
